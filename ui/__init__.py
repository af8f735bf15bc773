"""The touch app. View models hold no rule that could live below."""
