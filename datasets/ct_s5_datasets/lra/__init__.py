"""Long Range Arena: long sequences as flat arrays, from its release or made anew by seed.

`listops`, `text`, `retrieval`, `image` and `pathfinder` each read one task. `listops_generator` and
`pathfinder_generator` write files of the same layout, for where the release cannot be had.
"""
