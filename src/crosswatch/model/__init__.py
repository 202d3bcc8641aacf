"""The words of the house as frozen values: titles, refs, readings, grids and what a service can do.

Standard library only; everything else may import from here.
"""
