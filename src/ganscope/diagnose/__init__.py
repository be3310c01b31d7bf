"""What is wrong with a GAN run: probes of two networks, and verdicts from their history.

`ganscope.diagnose.watch` probes networks and needs torch; verdicts work from recorded rows alone and do not.
"""

from ganscope.diagnose.rules.verdict import RULES, Verdict, status, verdicts

__all__ = ["RULES", "Verdict", "status", "verdicts"]
