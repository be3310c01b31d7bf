"""Speed and memory of ganscope beside other programs: `python -m benchmarks.NAME`, `make bench` for all."""
