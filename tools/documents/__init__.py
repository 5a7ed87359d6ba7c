"""The documents that are made from the option table; one module for each. All pure."""
