"""Who computes tiles: each executor is a function of a `Work`; all agree bit for bit with the serial one."""
