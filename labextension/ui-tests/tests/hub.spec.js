// The panel behind a real JupyterHub: log-in, proxy, base URL, XSRF.
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { expect, test } = require('@playwright/test');
const { API } = require('./lab');

const PASSWORD = 'a-password-for-tests';
const EXAMPLE = path.join(__dirname, '..', '..', '..', 'example-notebooks');
let hub;
let base;
let folder;

test.beforeAll(async () => {
  test.setTimeout(120000);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deployfeedback-hub-'));
  fs.cpSync(EXAMPLE, path.join(folder, 'home', 'alice', 'digits'), { recursive: true });
  const port = 20000 + Math.floor(Math.random() * 20000);
  base = `http://127.0.0.1:${port}`;
  hub = spawn('jupyterhub', ['-f', path.join(__dirname, '..', 'hub', 'jupyterhub_config.py')], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      DEPLOYFEEDBACK_HUB_FOLDER: folder,
      DEPLOYFEEDBACK_HUB_PORT: String(port),
      DEPLOYFEEDBACK_HUB_PASSWORD: PASSWORD
    }
  });
  await expect // until the hub listens, its proxy answers 404
    .poll(async () => (await fetch(`${base}/hub/login`).catch(() => ({ status: 0 }))).status, {
      timeout: 90000
    })
    .toBe(200);
});

test.afterAll(async () => {
  hub?.kill('SIGTERM');
  await new Promise(resolve => (hub ? hub.once('exit', resolve) : resolve()));
  fs.rmSync(folder, { recursive: true, force: true });
});

test('the panel works behind the proxy of a hub', async ({ page }) => {
  await page.goto(`${base}/hub/login`);
  await page.fill('#username_input', 'alice');
  await page.fill('#password_input', PASSWORD);
  await page.click('#login_submit');
  await page.waitForURL(/\/user\/alice\/lab/, { timeout: 90000 });
  await expect(page.locator('.jp-NotebookPanel .jp-Cell').first()).toBeVisible({ timeout: 60000 });
  await page.locator('[data-id="jp-deployfeedback-panel"]').first().click();
  const panel = page.locator('#jp-deployfeedback-panel');

  await test.step('it finds the project and says that nothing is deployed', async () => {
    await expect(panel.getByRole('heading', { name: 'digits' })).toBeVisible();
    await expect(panel.getByText(/cannot be reached/).first()).toBeVisible();
  });

  await test.step('a run comes back as an error, never as a pass', async () => {
    await panel.getByRole('button', { name: 'Run', exact: true }).click();
    const verdict = panel.getByRole('region', { name: 'Verdict' });
    await expect(verdict).toBeVisible({ timeout: 150000 });
    await expect(verdict.getByText('Error', { exact: true })).toBeVisible();
  });

  await test.step('the same request without its XSRF header is refused', async () => {
    const status = await page.evaluate(
      async url => (await fetch(url, { method: 'POST', body: '{"path": "digits"}' })).status,
      `/user/alice${API}/runs`
    );
    expect(status).toBe(403);
  });
});
