/** How somebody looks at results; it stands in the address, so that a link shows the same. */
export type View = {
  goal?: string;
  attribution?: "view" | "click";
  window_days?: number;
  since?: string;
  until?: string;
  by?: string;
  filter?: string[];
  baseline?: string;
  mature?: boolean;
  exclude_crossed?: boolean;
  capped?: boolean;
  cuped?: boolean;
  engine?: "bayesian" | "delta";
  /** how it is drawn over time */
  step?: "hour";
  measure?: Measure;
  each?: boolean;
};

export const MEASURES = { rate: "Rate", value: "Value", people: "People", conversions: "Reached", clicks: "Clicks" };
export type Measure = keyof typeof MEASURES;

/** Names of what makes a view exploratory, as people read them. */
export const CHOICES: Record<string, string> = {
  ATTRIBUTION: "another attribution",
  WINDOW: "another window",
  PERIOD: "a part of the time",
  BREAKDOWN: "a breakdown",
  FILTER: "a part of the people",
  BASELINE: "another baseline",
  MATURE_ONLY: "only people whose window is over",
  CROSSED_EXCLUDED: "without people who met several experiences",
  UNCAPPED: "large totals not cut off",
  CUPED: "adjusted by what people did before",
  DELTA_METHOD: "the delta method",
};

/** Why there is no verdict yet, or no figure. */
export const REASONS: Record<string, string> = {
  NO_PEOPLE: "One of the groups has no people yet.",
  NO_SHARED_STRATUM: "No rule holds both groups at the same time, so there is nothing to compare.",
  TOO_FEW_PEOPLE: "There are too few people in one of the groups.",
  ZERO_VARIANCE: "Everybody has the same value.",
  ZERO_BASELINE: "Nobody in the control group reached the goal, so there is nothing to be a percentage of.",
  ZERO_VALUE: "Nobody reached the goal.",
  SIGNED_VALUES: "Values below zero have no percentage; the difference is shown instead.",
  ZERO_DENOMINATOR: "The ratio has nothing to divide by yet.",
  TOO_FEW_COMPLETIONS: "A verdict needs 35 people who reached the goal in each group.",
  TOO_FEW_CONTRIBUTING: "A verdict needs 200 people with a value in each group.",
  NOT_CAPPED: "Large totals have to be cut off for a verdict.",
  EXPLORATORY: "Only the view that was fixed at the start gives a verdict.",
  NOT_ENOUGH_EVIDENCE: "The difference could still be chance.",
  DIRECTIONS_DIFFER: "Two ways to compute it point in different directions.",
};

/** A reason in words; one that has none here is shown by its name. */
export const reason = (name: string): string => REASONS[name] ?? name.replaceAll("_", " ").toLowerCase();

/** What a verdict says of a campaign. */
export const verdictIn = (outcome: string): string => (outcome === "better" ? "It helps" : "It harms");

/** The query of the API for a view. */
export function query(view: View): Record<string, unknown> {
  const { goal, filter, step, measure, each, ...rest } = view;
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== "")),
    ...(filter?.length ? { filter } : {}),
  };
}

/** The view that an address tells; what cannot be meant is left out. */
export function fromSearch(told: Record<string, unknown>): View {
  const view: View = {};
  const text = (name: "goal" | "since" | "until" | "by" | "baseline") => {
    if (typeof told[name] === "string" || typeof told[name] === "number") view[name] = String(told[name]);
  };
  for (const name of ["goal", "since", "until", "by", "baseline"] as const) text(name);
  if (told.attribution === "click" || told.attribution === "view") view.attribution = told.attribution;
  if (told.engine === "delta") view.engine = "delta";
  if (Number(told.window_days) > 0) view.window_days = Number(told.window_days);
  if (Array.isArray(told.filter)) view.filter = told.filter.map(String);
  for (const name of ["mature", "exclude_crossed", "cuped"] as const) if (told[name] === true) view[name] = true;
  if (told.capped === false) view.capped = false;
  if (told.step === "hour") view.step = "hour";
  if (typeof told.measure === "string" && told.measure in MEASURES) view.measure = told.measure as Measure;
  if (told.each === true) view.each = true;
  return view;
}
