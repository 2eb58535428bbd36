"""Did it help? From what a reader chose, through the lake's figures and the statistics, to reports."""
