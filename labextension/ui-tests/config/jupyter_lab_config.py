"""The server that the browser tests start: Lab without its pop-ups."""

# A normal server, as users have it, except that it stays on this machine and opens no browser of its own.
c = get_config()  # noqa: F821 - Jupyter defines it

c.ServerApp.ip = "127.0.0.1"
c.ServerApp.open_browser = False
c.ServerApp.port_retries = 0
c.LabApp.news_url = None
c.Application.log_level = "ERROR"  # the browser tests show what the server prints
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
