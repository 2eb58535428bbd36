"""Standing answers: the figures of a campaign as of some numbers, from which the figures of now are made by what came
since.

Nearly every figure is a sum over people. So a standing answer keeps the sums (``parts``) as of some numbers. When it
is asked for again, ``touched`` finds the people of whom something is new, and gathers what is needed of them twice: as
it was at those numbers, and as it is now. The very same expressions are computed of both; ``sums`` takes the first away
and puts the second in place. What is not a sum (a first and a last time, a percentile) is either certain all the same,
or everything is computed anew. ``campaigns`` holds it all together, ``files`` lets it outlive the process, ``roster``
finds the exposures of a few people among those of millions.
"""

from __future__ import annotations
