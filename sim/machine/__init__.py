"""Machine code: how it is compiled and kept, what the processor likes, and memory that is used again."""
