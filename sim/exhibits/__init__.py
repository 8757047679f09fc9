"""What lectures got wrong, computed as they wrote it, beside what is right. Nothing here is part of a
system.
"""
