import { autocompletion, type CompletionSource } from "@codemirror/autocomplete";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { linter, lintGutter } from "@codemirror/lint";
import { EditorState, type Extension, StateEffect } from "@codemirror/state";
import { EditorView, placeholder as hint } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";
import { nonce } from "@/nonce";
import type { Wrong } from "../wrong";
import { marks } from "./place";

export type EditorProps = {
  value: string;
  onChange?: (value: string) => void;
  readOnly?: boolean;
  minHeight?: number;
  maxHeight?: number;
  placeholder?: string;
  /** what an aid at the cursor offers, e.g. Liquid names */
  complete?: CompletionSource;
  /** what is wrong beyond the syntax, by paths into the value */
  wrong?: readonly Wrong[];
  /** gives the view away, so that buttons beside it can insert */
  onReady?: (view: EditorView) => void;
  ariaLabel?: string;
  labelledBy?: string;
};

/** Colours come from Mantine's variables, so both schemes work without another theme. */
const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--mantine-color-leaf-text)" },
  { tag: tags.string, color: "var(--mantine-color-rust-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--mantine-color-blue-text)" },
  { tag: tags.invalid, color: "var(--mantine-color-red-text)" },
]);

const looks = (minHeight: number, maxHeight: number): Extension =>
  EditorView.theme({
    "&": {
      fontSize: "13px",
      border: "1px solid var(--mantine-color-default-border)",
      borderRadius: "var(--mantine-radius-md)",
      backgroundColor: "var(--mantine-color-default)",
      color: "var(--mantine-color-text)",
    },
    "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-1px" },
    ".cm-scroller": {
      fontFamily: "var(--mantine-font-family-monospace)",
      minHeight: `${minHeight}px`,
      maxHeight: `${maxHeight}px`,
    },
    ".cm-content": { caretColor: "var(--mantine-color-text)", minHeight: `${minHeight}px` },
    ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
    ".cm-gutters": { backgroundColor: "transparent", color: "var(--mantine-color-dimmed)", border: "none" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, currentColor 5%, transparent)" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
      backgroundColor: "var(--mantine-primary-color-light-hover) !important",
    },
    ".cm-tooltip": {
      backgroundColor: "var(--mantine-color-body)",
      border: "1px solid var(--mantine-color-default-border)",
      color: "var(--mantine-color-text)",
    },
    ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
      backgroundColor: "var(--mantine-primary-color-filled)",
      color: "var(--mantine-color-white)",
    },
  });

/** Said when what is wrong beyond the syntax may have changed without the text. */
const judged = StateEffect.define();

/** CodeMirror for JSON, as a controlled field. */
export default function Editor(props: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const first = latest.current;
    const parse = jsonParseLinter();
    const made = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: first.value,
        extensions: [
          EditorView.cspNonce.of(nonce),
          basicSetup,
          json(),
          syntaxHighlighting(colours),
          looks(first.minHeight ?? 140, first.maxHeight ?? 460),
          EditorView.lineWrapping,
          EditorState.readOnly.of(first.readOnly ?? false),
          EditorView.contentAttributes.of({
            ...(first.labelledBy ? { "aria-labelledby": first.labelledBy } : {}),
            ...(first.ariaLabel ? { "aria-label": first.ariaLabel } : {}),
          }),
          first.placeholder ? hint(first.placeholder) : [],
          lintGutter(),
          linter(
            (shown) => {
              if (!shown.state.doc.length) return [];
              const wrong = parse(shown);
              return wrong.length ? wrong : marks(shown.state.doc.toString(), latest.current.wrong ?? []);
            },
            {
              needsRefresh: ({ transactions }) =>
                transactions.some((made) => made.effects.some((effect) => effect.is(judged))),
            },
          ),
          autocompletion({ override: [(context) => latest.current.complete?.(context) ?? null] }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    first.onReady?.(made);
    return () => made.destroy();
  }, []);

  // A value from outside (a rollback, another language) replaces the text; typing never comes back this way.
  useEffect(() => {
    const shown = view.current;
    if (shown && shown.state.doc.toString() !== props.value) {
      shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: props.value } });
    }
  }, [props.value]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the linter reads the latest; this tells it to
  useEffect(() => view.current?.dispatch({ effects: judged.of(null) }), [props.wrong]);

  return <div ref={place} />;
}
