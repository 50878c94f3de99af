// What nobody may do, checked where it counts: in a browser with a cookie, against a server with all checks on.
const { expect, test } = require('@playwright/test');
const { API, openPanel, reachVerdict } = require('./lab');

const PAYLOADS = [
  '<img src=x onerror="window.hacked=1">',
  '<script>window.hacked=1</script>',
  '"><svg onload="window.hacked=1">',
  '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
  '<a href="javascript:window.hacked=1">click</a>',
  "{{constructor.constructor('window.hacked=1')()}}",
  '<details open ontoggle="window.hacked=1">',
  '[x](javascript:window.hacked=1)',
  '<style>*{display:none}</style>',
  '\u202egnp.exe<b>bold</b>'
];
// words of a closed set: the panel chooses by them
const CLOSED = new Set([
  'verdict',
  'gate',
  'standing',
  'state',
  'outcome',
  'change',
  'family',
  'kind',
  'better',
  'side'
]);

/** The same value with every open text replaced by a payload. */
function poisoned(value, key, turn) {
  if (typeof value === 'string') {
    return CLOSED.has(key) || /_at$/.test(key)
      ? value
      : `${PAYLOADS[turn.next++ % PAYLOADS.length]} ${turn.next}`;
  }
  if (Array.isArray(value)) {
    return value.map(each => poisoned(each, key, turn));
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, poisoned(each, name, turn)])
    );
  }
  return value;
}

test('without a token nothing is answered', async ({ playwright, baseURL }) => {
  const stranger = await playwright.request.newContext({ baseURL });
  const answer = await stranger.get(`${API}/runs`);

  expect(answer.status()).toBe(403);
  await stranger.dispose();
});

test('a cookie alone, without the XSRF header, starts no run', async ({ page }) => {
  await openPanel(page);
  const status = await page.evaluate(
    async url => (await fetch(url, { method: 'POST', body: '{"path": "model.ipynb"}' })).status,
    `${API}/runs`
  );

  expect(status).toBe(403);
});

test('hostile text in the feedback stays text', async ({ page }) => {
  const turn = { next: 0 };
  await page.route(`**${API}/runs/*/feedback*`, async route => {
    const response = await route.fetch();
    await route.fulfill({ response, json: poisoned(await response.json(), '', turn) });
  });
  const panel = await openPanel(page);
  await reachVerdict(panel);
  await expect(panel.locator('.jp-df-chart svg').first()).toBeVisible();
  for (const summary of await panel.locator('summary').all()) {
    if (await summary.isVisible()) {
      await summary.click();
    }
  }

  expect(turn.next).toBeGreaterThan(200);
  expect(await page.evaluate(() => window.hacked)).toBeUndefined();
  expect(
    await panel.locator('img, script, iframe, style, b, a, [onload], [onerror], [ontoggle]').count()
  ).toBe(0);
});
