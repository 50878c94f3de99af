// A run that is not settled: a person answers for its findings, or it is continued.
const path = require('path');
const { expect, test } = require('@playwright/test');
const { API, TOKEN, openPanel } = require('./lab');

const headers = { Authorization: `token ${TOKEN}` };
const PICTURES = process.env.DEPLOYFEEDBACK_PICTURES_OF_SETTLING;

/** Run the quality suite with fewer images than its rules need; the panel shows the newest run. */
async function runTooFew(request) {
  const body = { path: 'model.ipynb', suites: ['quality'], parameters: { n: 400 } };
  const { run_id: runId } = await (
    await request.post(`${API}/runs`, { headers, data: body })
  ).json();
  const read = async () => (await request.get(`${API}/runs/${runId}`, { headers })).json();
  await expect
    .poll(async () => (await read()).run.verdict, { timeout: 150000, intervals: [1000] })
    .toBe('inconclusive');
}

async function takePicture(page, name) {
  if (PICTURES) {
    await page
      .locator('#jp-deployfeedback-panel')
      .screenshot({ path: path.join(PICTURES, `${name}.png`) });
  }
}

test('an inconclusive run is waived by name, or continued until it is settled', async ({
  page,
  request
}) => {
  test.setTimeout(400000);
  await runTooFew(request);
  const panel = await openPanel(page);
  const verdict = panel.getByRole('region', { name: 'Verdict' });
  await expect(verdict.getByText('Inconclusive', { exact: true })).toBeVisible();
  await expect(verdict.getByText('look 1 of 2')).toBeVisible();

  await test.step('a waiver that the server refuses says why where it was asked for', async () => {
    await panel.getByText('Waive this finding').first().click();
    const form = panel.getByRole('form', { name: /^Waive accuracy/ }).first();
    await expect(form.getByRole('button', { name: 'Waive' })).toBeDisabled();
    await form.getByLabel('Who').fill('Ada Lovelace');
    await form.getByLabel('Why').fill('the images that are missing are on their way');
    await form.getByLabel('Until').fill('2020-01-01');
    await form.getByRole('button', { name: 'Waive' }).click();
    await expect(form.getByRole('alert')).toContainText('2020-01-01 is over.');
    await takePicture(page, 'waiver-refused');
  });

  await test.step('once all that closes it is waived, the gate is open by waiver', async () => {
    const open = panel.getByText('Waive this finding');
    await page.reload();
    await openPanel(page);
    for (let left = await waitForCount(open); left > 0; left--) {
      await open.first().click();
      const form = panel.getByRole('form', { name: /^Waive/ }).first();
      await form.getByLabel('Who').fill('Ada Lovelace');
      await form.getByLabel('Why').fill('the images that are missing are on their way');
      await form.getByRole('button', { name: 'Waive' }).click();
      await expect(open).toHaveCount(left - 1);
    }
    await expect(verdict.getByText('gate open, by waiver')).toBeVisible();
    await expect(verdict.getByText('Inconclusive', { exact: true })).toBeVisible();
    await expect(panel.getByText(/^Waived by Ada Lovelace until /).first()).toBeVisible();
    await takePicture(page, 'waived');
  });

  await test.step('continuing sends what is missing and judges all together', async () => {
    await panel.getByRole('button', { name: /^Send about [\d,]+ more examples$/ }).click();
    await expect(panel.getByRole('region', { name: 'Run at work' })).toBeVisible();
    await expect(verdict.getByText('look 2 of 2')).toBeVisible({ timeout: 200000 });
    await expect(verdict.getByText(/^(Pass|Warn)$/)).toBeVisible();
    await expect(panel.getByRole('button', { name: /^Send about/ })).toHaveCount(0);
    await takePicture(page, 'continued');
  });
});

async function waitForCount(locator) {
  await expect(locator.first()).toBeVisible();
  return locator.count();
}
