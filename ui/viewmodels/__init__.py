"""What QML binds to. Each model reads the session and passes the citizen's acts on; none holds a rule."""
