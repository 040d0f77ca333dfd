"""Release: of the builds that passed, one is packaged with its Modelfile, model card, manifest and checksums.

When no build passed, nothing is packaged and release.json says why. Open the room through `stage`.
"""
