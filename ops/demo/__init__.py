"""The main job, shown from beginning to end."""
