"""The bench functions: what a run times, one operation a file.

    pytest --pyargs weighin.bench --benchmark-only

weighs the models of the folder that it is run in; so does `weighin run`.
"""
