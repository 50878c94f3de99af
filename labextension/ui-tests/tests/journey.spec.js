// The main job, as a data scientist does it: run, read, look into the notebook, tag.
const path = require('path');
const { expect, test } = require('@playwright/test');
const { TOKEN, openPanel, reachVerdict } = require('./lab');

const PICTURES = path.join(__dirname, '..', '..', '..', 'docs', 'images');

test('a release is judged and tagged beside its notebook', async ({ page }) => {
  const panel = await openPanel(page);

  await test.step('the panel knows the project of the notebook', async () => {
    await expect(panel.getByRole('heading', { name: 'digits' })).toBeVisible();
    await expect(panel.getByText('Ready', { exact: true })).toBeVisible();
    await expect(panel.getByLabel('Target', { exact: true })).toHaveValue('candidate');
  });

  await test.step('a run shows how far it is', async () => {
    await panel.getByRole('button', { name: 'Run', exact: true }).click();
    const work = panel.getByRole('region', { name: 'Run at work' });
    await expect(work.getByText('quality')).toBeVisible();
    await expect(work.getByRole('progressbar').first()).toBeVisible({ timeout: 60000 });
  });

  await test.step('the verdict is one word and one sentence', async () => {
    const verdict = panel.getByRole('region', { name: 'Verdict' });
    await expect(verdict).toBeVisible({ timeout: 150000 });
    await expect(verdict.getByText(/^(Pass|Warn)$/)).toBeVisible();
    await expect(verdict.getByText(/is as good as released|may be released/)).toBeVisible();
  });

  await test.step('three tables compare candidate and baseline', async () => {
    for (const family of ['Model', 'Application', 'Platform']) {
      const table = panel.getByRole('table', { name: family });
      await expect(table.getByRole('columnheader', { name: 'candidate' })).toBeVisible();
      await expect(table.getByRole('columnheader', { name: 'released' })).toBeVisible();
    }
    await expect(
      panel
        .getByRole('table', { name: /^Broken/ })
        .getByRole('row')
        .nth(1)
    ).toBeVisible();
    await expect(panel.locator('.jp-df-chart svg').first()).toBeVisible();
  });

  await test.step('it is the picture of the documentation', async () => {
    if (process.env.DEPLOYFEEDBACK_PICTURES) {
      await takePicture(page, panel);
    }
  });

  await test.step('the release is tagged', async () => {
    await panel.getByText('Tag release', { exact: true }).click();
    await panel.getByLabel('Version').fill('2.1.0');
    await panel.getByRole('button', { name: 'Tag', exact: true }).click();
    await expect(panel.getByText(/^Tagged [0-9a-f]{7} as v2\.1\.0\./)).toBeVisible();
  });

  await test.step('the executed notebook opens, to be read only', async () => {
    await panel.getByText('Suites', { exact: true }).click();
    await panel.locator('.jp-df-suites summary', { hasText: 'quality' }).click();
    await panel
      .getByRole('button', { name: 'Open the executed notebook' })
      .locator('visible=true')
      .click();
    const executed = page.locator('.jp-df-executed');
    await expect(
      executed.getByText(/^suites\/quality\.ipynb, executed against candidate/)
    ).toBeVisible();
    await expect(executed.locator('.jp-df-observation').first()).toBeVisible();
  });
});

/** Make room for the panel, as a user would, and keep what is to be seen. */
async function takePicture(page, panel) {
  await page.locator('[data-id="filebrowser"]').first().click();
  const box = await panel.boundingBox();
  await page.mouse.move(box.x - 2, 500);
  await page.mouse.down();
  await page.mouse.move(box.x - 60, 500, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(5, 600);
  await page.screenshot({ path: path.join(PICTURES, 'panel.png') });
}

test('a reloaded page finds the run that is at work', async ({ page }) => {
  const panel = await openPanel(page);
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(panel.getByRole('region', { name: 'Run at work' })).toBeVisible();

  await page.reload();
  const again = await openPanel(page);
  await expect(again.getByRole('region', { name: 'Run at work' })).toBeVisible();

  await again.getByRole('button', { name: 'Cancel' }).click();
  await expect(again.getByText('This run was cancelled')).toBeVisible({ timeout: 60000 });
});

test('the panel goes with the notebook: another one, a renamed one', async ({ page, request }) => {
  const headers = { Authorization: `token ${TOKEN}` };
  const copied = await request.post('/api/contents', {
    headers,
    data: { copy_from: 'model.ipynb' }
  });
  const { path: copy } = await copied.json();
  const panel = await openPanel(page);
  const notebook = name => panel.locator('header').getByText(name, { exact: true });
  await expect(notebook('model.ipynb')).toBeVisible();

  await page.goto(`/lab/tree/${copy}`);
  await expect(notebook(copy)).toBeVisible();

  await page.getByRole('tab', { name: copy }).click({ button: 'right' });
  await page.locator('.lm-Menu-itemLabel').getByText('Rename Notebook\u2026').click();
  await page.getByRole('dialog').getByRole('textbox').fill('renamed.ipynb');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(notebook('renamed.ipynb')).toBeVisible();

  await request.delete('/api/contents/renamed.ipynb', { headers });
});

test('the panel follows the colours of the theme', async ({ page }) => {
  const panel = await openPanel(page);
  await reachVerdict(panel);
  const colours = () =>
    panel.evaluate(node => ({
      panel: getComputedStyle(node).color,
      chart: node.querySelector('.jp-df-chart svg text')?.getAttribute('fill')
    }));
  await expect(panel.locator('.jp-df-chart svg').first()).toBeVisible();
  const light = await colours();

  await page.getByRole('menuitem', { name: 'Settings', exact: true }).click();
  await page.locator('.lm-Menu-itemLabel').getByText('Theme', { exact: true }).click();
  await page.locator('.lm-Menu-itemLabel').getByText('JupyterLab Dark', { exact: true }).click();

  await expect.poll(async () => (await colours()).panel).not.toBe(light.panel);
  await expect.poll(async () => (await colours()).chart).not.toBe(light.chart);
});
