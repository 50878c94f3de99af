import { readFileSync, readdirSync } from 'fs';
import { join } from 'path';

const STYLE = join(__dirname, '..', '..', 'style');
const sheets = readdirSync(STYLE).filter(name => name.endsWith('.css'));

describe('the style sheets', () => {
  it.each(sheets)('%s takes every colour from the theme', name => {
    const text = readFileSync(join(STYLE, name), 'utf8');
    const fixed = text.match(
      /#[0-9a-f]{3,8}\b|\b(rgb|hsl)a?\(|:\s*(white|black|red|green|blue|gr[ae]y)\b/gi
    );

    expect(fixed).toBeNull();
  });
});
