"""Small trainings and analyses that the answers share."""
