"""From a camera picture to a straight page."""
