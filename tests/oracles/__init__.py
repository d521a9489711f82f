"""The same answers, slow and obvious. Nothing here shares code with ct_s5."""
