"""Loops that look as if strangers had written them: what `gs.watch`, at its defaults, says of each."""
