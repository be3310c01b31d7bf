"""Where the rules draw their lines: from theory, null bands and healthy runs, never from one seed."""

VANISHED = 0.02
"""Of |dL/ds|, and of |ds/dx| in spreads of the data; healthy runs stay above 0.1 until they are done."""
DEAD = 1e-3
"""Of |dL/ds|: so small that half as many probes suffice."""
DECAYED = 1e-2
"""Share of the critic's gradient that is left at its first layer."""
GENERATOR_DECAYED = 1e-3
"""Likewise for the generator, relative to the weights; healthy ones keep 0.004 to 0.2."""
OVERFIT = 0.15
"""Of AUC(train, held-out) above 1/2: healthy runs on 1,400 digits reach 0.12 without harm."""
REMEMBERS = 4.0
"""Standard errors beside it, for few training rows: chance passes them in one look of 30,000, and a run has a
few hundred."""
WINS = 0.985
"""AUC of a discriminator that tells every fake; of 64 rows some cannot be told."""
PLAIN = 0.15
"""Energy distance, in mean distances of real rows: runs that are led come under it, others stay above 0.4."""
UNDERFIT = 0.25
"""Share of the distance that a critic proves, at the least."""
LOPSIDED = 0.15
"""Share of samples that would have to change bins, beyond the null: healthy runs reach 0.1."""
IDLE = 3e-4
"""Of |step| / |weights|: Adam at a rate of 3e-5."""
NEAR = 1.45
"""W1 of samples that count as near, in floors: what real rows score in their place."""
REACHED = 0.65
"""Share of what real rows reach in recall, precision and coverage that such samples reach."""
TOLD = 0.9
"""AUC of a discriminator trained from scratch on samples that count as near, at most."""
STALLED = 0.05
"""Share of its excess over the floor that a run must lose in a tenth of its steps to count as improving."""
M, K = 5, 6
WIDE_M, WIDE_K = 3, 4
FEWEST_POINTS = 150
LEAST_AMPLITUDE, CONCENTRATED = 0.2, 0.6
"""Standard deviations of the data; share of the variance within an octave: coloured noise reaches 0.54 in one
draw of a hundred, healthy runs up to 0.58, games that swing 0.6 to 1."""
COPIES = 0.6
"""Share of near-copies, of what real rows leave room for, from which on sharpness does not matter."""
FEW = 0.4
"""Share that is left of such samples where copies count once, of real rows' share: smooth ones keep half."""
NO_EXCUSE = 30.0
"""A slope that no penalty, however weak, accounts for."""
WIDE_SWING, LOOSE = 1.0, 0.5
"""Amplitude that no healthy run has, in standard deviations; the concentration that suffices beside it."""
CLEAR = 0.7
"""Mean concentration of a stretch and its newer part, where the start of the run blurs the former."""
Z = 5.0
"""Standard deviations of the null that a statistic must be away from it."""
