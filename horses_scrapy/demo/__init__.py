"""The main job on one screen: everything real but the race track, and the clock that runs faster."""
