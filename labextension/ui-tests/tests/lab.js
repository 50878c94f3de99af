// How a user gets to the panel.
const { expect } = require('@playwright/test');

const TOKEN = process.env.DEPLOYFEEDBACK_TOKEN;
const API = '/deployfeedback/api/v1';

/** Log in with the token, open a notebook and the panel. */
async function openPanel(page, notebook = 'model.ipynb') {
  await page.goto(`/lab/tree/${notebook}?token=${TOKEN}`);
  await expect(page.locator('.jp-NotebookPanel .jp-Cell').first()).toBeVisible({ timeout: 60000 });
  const panel = page.locator('#jp-deployfeedback-panel');
  if (!(await panel.isVisible())) {
    await page.locator('[data-id="jp-deployfeedback-panel"]').first().click(); // a click on an open panel's tab closes it
  }
  await expect(panel).toBeVisible();
  return panel;
}

/** Have a verdict on show: that of an earlier run, or else of a new one. */
async function reachVerdict(panel) {
  const found = panel.locator('.jp-df-verdict, .jp-df-empty, .jp-df-notice').first();
  await expect(found).toBeVisible();
  if (!(await panel.getByRole('region', { name: 'Verdict' }).isVisible())) {
    await panel.getByRole('button', { name: 'Run', exact: true }).click({ timeout: 5000 });
  }
  const verdict = panel.getByRole('region', { name: 'Verdict' });
  await expect(verdict).toBeVisible({ timeout: 150000 });
  return verdict;
}

module.exports = { API, TOKEN, openPanel, reachVerdict };
