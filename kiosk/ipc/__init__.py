"""How the processes of one machine talk: typed messages and descriptors over Unix sockets."""
