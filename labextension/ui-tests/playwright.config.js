// Journeys of a user in a real browser, against a normal server: token and XSRF check are on.
//
// Without DEPLOYFEEDBACK_URL a server with the example is started for the tests; with it (and DEPLOYFEEDBACK_TOKEN) the
// tests use that one, which must serve the example.
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

// workers load this file too: what is chosen once is passed on in the environment
if (!process.env.DEPLOYFEEDBACK_URL) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deployfeedback-ui-'));
  declineNews(path.join(folder, 'settings'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  process.env.DEPLOYFEEDBACK_UI_FOLDER = folder;
  process.env.DEPLOYFEEDBACK_URL = `http://127.0.0.1:${freePort()}`;
  process.env.DEPLOYFEEDBACK_TOKEN = 'a-token-for-tests';
}
const url = process.env.DEPLOYFEEDBACK_URL;
const folder = process.env.DEPLOYFEEDBACK_UI_FOLDER;

module.exports = {
  testDir: './tests',
  workers: 1,
  retries: 0,
  timeout: 180000,
  expect: { timeout: 15000 },
  reporter: [['list']],
  use: {
    baseURL: url,
    viewport: { width: 1440, height: 900 },
    trace: 'off',
    video: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: browser(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: folder && {
    command: 'jupyter deployfeedback demo --lab --directory digits',
    cwd: folder,
    env: {
      JUPYTER_TOKEN: process.env.DEPLOYFEEDBACK_TOKEN,
      JUPYTER_PORT: new URL(url).port,
      JUPYTER_CONFIG_DIR: path.join(__dirname, 'config'),
      JUPYTERLAB_SETTINGS_DIR: path.join(folder, 'settings'),
      JUPYTERLAB_WORKSPACES_DIR: path.join(folder, 'workspaces'),
      DEPLOYFEEDBACK_STORE: path.join(folder, 'store')
    },
    url: `${url}/api?token=${process.env.DEPLOYFEEDBACK_TOKEN}`,
    timeout: 180000,
    stdout: 'ignore',
    stderr: 'pipe',
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 15000 }
  }
};

/** The browser of CHROMIUM, else of the system, else Playwright's own. */
function browser() {
  const known = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome'
  ];
  return known.find(each => each && fs.existsSync(each));
}

/** Answer Lab's first question before it is asked: it would lie over the panel. */
function declineNews(settings) {
  const plugin = path.join(settings, '@jupyterlab', 'apputils-extension');
  fs.mkdirSync(plugin, { recursive: true });
  const chosen = { checkForUpdates: false, fetchNews: 'false' };
  fs.writeFileSync(path.join(plugin, 'notification.jupyterlab-settings'), JSON.stringify(chosen));
}

function freePort() {
  const script =
    "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); });";
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim();
}
