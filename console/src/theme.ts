import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The green of leaves that are stitched together. */
const leaf: MantineColorsTuple = [
  "#edf7f1",
  "#dbeee3",
  "#b5dcc5",
  "#8bc9a5",
  "#68b98a",
  "#4fa676",
  "#3a8f61",
  "#2e7a52",
  "#256644",
  "#184c31",
];

/** The rust of a tailorbird's cap: control groups, and what warns without being an error. */
const rust: MantineColorsTuple = [
  "#fdf1ea",
  "#f8e0d3",
  "#f1bfa5",
  "#e99b73",
  "#e27d4a",
  "#d86a33",
  "#c0562b",
  "#a24724",
  "#85391d",
  "#662b15",
];

export const theme = createTheme({
  primaryColor: "leaf",
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  colors: { leaf, rust },
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  headings: {
    fontWeight: "650",
    sizes: { h1: { fontSize: "1.6rem" }, h2: { fontSize: "1.2rem" }, h3: { fontSize: "1rem" } },
  },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "sm" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    TableScrollContainer: { defaultProps: { type: "native" } },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.4 },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
  },
});

/** Text that stands back is still read: 4.5 to 1 and more on every ground of both schemes. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-placeholder": "#6b7178",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    "--mantine-color-red-text": "var(--mantine-color-red-9)",
  },
  dark: {
    "--mantine-color-dimmed": "#a9adb3",
    "--mantine-color-placeholder": "#9a9ea4",
    "--mantine-color-error": "var(--mantine-color-red-4)",
  },
});
