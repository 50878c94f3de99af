"""A real hub for one test: its users need no accounts on this machine."""

import os
import sys
from pathlib import Path

folder = Path(os.environ["DEPLOYFEEDBACK_HUB_FOLDER"])
port = int(os.environ["DEPLOYFEEDBACK_HUB_PORT"])
programs = Path(sys.executable).parent

c = get_config()  # noqa: F821 - JupyterHub defines it
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.ConfigurableHTTPProxy.command = [str(Path(__file__).parents[1] / "node_modules" / ".bin" / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.DummyAuthenticator.password = os.environ["DEPLOYFEEDBACK_HUB_PASSWORD"]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{username}")
c.Spawner.cmd = [str(programs / "jupyterhub-singleuser")]
c.Spawner.args = ["--allow-root", "--LabApp.news_url=None"]
c.Spawner.environment = {"DEPLOYFEEDBACK_STORE": str(folder / "store")}
c.Spawner.default_url = "/lab/tree/digits/model.ipynb"
c.Spawner.start_timeout = 60
