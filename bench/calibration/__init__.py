"""Are the statistics true? Campaigns with a known truth are simulated, and the product's own formulas look at them.

``python -m bench.calibration`` runs everything and writes ``bench/CALIBRATION.md``. Seeds are fixed: two runs with
the same versions write the same numbers.
"""
