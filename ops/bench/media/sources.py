"""The pictures that are edited and those that must not match: real ones, from where they are on this machine.

scikit-image's photographs come with the package; a corpus folder (`COUNTERSIGN_CORPUS` or ../shared/corpus) adds to them
when it is there. Two pictures of one source are never a wrong pair: `Source.family` says which belong together.
"""
