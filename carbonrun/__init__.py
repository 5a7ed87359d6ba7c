"""carbonrun: what did this command cost in energy and carbon?"""

__version__ = "0.1.0"
