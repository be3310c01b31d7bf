"""One program per doctor, run in an environment that holds the doctor and no ganscope."""
