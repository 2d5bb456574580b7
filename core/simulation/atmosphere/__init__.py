"""Plane-parallel LTE model atmospheres from first principles, one file per part of the physics (cgs units inside)."""
