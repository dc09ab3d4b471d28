"""Being here, this file puts ``tests/`` on the import path: helpers such as ``series`` can be imported anywhere."""
