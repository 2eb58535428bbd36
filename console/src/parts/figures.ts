/** Numbers as people read them. Nothing here rounds what is computed with. */

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

/** 12,345 */
export const count = (value: number): string => whole.format(value);

/** 12.3k */
export const compact = (value: number): string => short.format(value);

/** A share of one as a percentage with about three significant digits: 0.0123 → 1.23 %. */
export function percent(share: number, digits?: number): string {
  const value = share * 100;
  const size = Math.abs(value);
  const shown = digits ?? (size === 0 || size >= 99.95 ? 0 : size >= 10 ? 1 : 2);
  return `${value.toFixed(shown)}\u00a0%`; // the figure and its unit stay on one line
}

/** A chance; never wholly sure in either direction. */
export const chance = (value: number): string =>
  value > 0.9995 ? ">\u00a099.9\u00a0%" : value < 0.0005 ? "<\u00a00.1\u00a0%" : percent(value, 1);

/** A lift with its sign: +12.3 %, −4.0 %. */
export function signed(share: number): string {
  const text = percent(Math.abs(share));
  return share > 0 ? `+${text}` : share < 0 ? `−${text}` : text;
}

/** An amount with its currency, if it has one. */
export function amount(value: number, currency?: string | null): string {
  if (currency) {
    try {
      return new Intl.NumberFormat("en-GB", { style: "currency", currency, maximumFractionDigits: 2 }).format(value);
    } catch {
      return `${value.toFixed(2)} ${currency}`;
    }
  }
  return Math.abs(value) >= 1000 ? whole.format(value) : String(Number(value.toPrecision(4)));
}
