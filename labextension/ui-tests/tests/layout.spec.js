// The panel in a side bar as narrow as Lab permits.
const { expect, test } = require('@playwright/test');
const { openPanel, reachVerdict } = require('./lab');

const NARROWEST = 250; // --jp-sidebar-min-width

/** Drag the panel's left edge, as a user does. */
async function dragTo(page, panel, width) {
  const box = await panel.boundingBox();
  await page.mouse.move(box.x - 2, 600);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - width, 600, { steps: 8 });
  await page.mouse.up();
}

/** What reaches over the panel's right edge, with everything unfolded. */
function cutOff(panel) {
  return panel.evaluate(node => {
    node.querySelectorAll('details').forEach(details => (details.open = true));
    const edge = node.getBoundingClientRect().left + node.clientWidth + 1;
    return [...node.querySelectorAll('*')]
      .filter(each => each.getClientRects().length && !each.closest('pre, svg, .jp-df-only-said'))
      .filter(each => each.getBoundingClientRect().right > edge)
      .map(each => `${each.tagName} ${each.className} ${each.textContent}`);
  });
}

test('nothing is cut off in the narrowest side bar', async ({ page }) => {
  const panel = await openPanel(page);
  await reachVerdict(panel);
  await dragTo(page, panel, NARROWEST);
  await expect.poll(async () => (await panel.boundingBox()).width).toBeLessThan(NARROWEST + 5);

  expect(await cutOff(panel)).toEqual([]);
});

test('before a run the panel says what it can settle', async ({ page }) => {
  const panel = await openPanel(page);
  await panel.getByText('What a run can settle', { exact: true }).click();

  await expect(panel.getByText(/an unchanged candidate passes in/).first()).toBeVisible();
});
