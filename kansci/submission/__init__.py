"""What is submitted: one file, its Records, and a manifest over both. Nothing here runs the file.

Only `submitting` asks what model a file defines, in the file's sandbox, as `kansci run` does.
"""
