import { Alert, Group, Radio, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { confirm } from "@/parts/confirm";
import { At, useLed, useWrong } from "@/parts/wrong";
import { type Content, type Experience, put, type Rule } from "../draft";
import { BodyEditor } from "./BodyEditor";
import { Locales } from "./Locales";
import { Messages } from "./Messages";
import { TemplateMenu } from "./TemplateMenu";

type Props = {
  rule: Rule;
  index: number;
  change: (rule: Rule) => void;
  locked: boolean;
  /** content by itself: no other experiences, no languages, no template */
  alone?: boolean;
};

const isBody = (content: Content | null | undefined): boolean => content?.body !== undefined;

/** What one experience shows: messages with rows, or one JSON body; for each language its own, where that is wanted. */
export function ContentEditor({ rule, index, change, locked, alone }: Props) {
  const experience = (rule.experiences ?? [])[index]!;
  const [locale, setLocale] = useState<string | null>(null);
  const write = (made: Experience) => change({ ...rule, experiences: put(rule.experiences ?? [], index, made) });
  const { field } = useWrong();
  useLed((rest) => {
    const told = /^locales\.([^.[]+)/.exec(rest)?.[1];
    if (told || rest.startsWith("content")) setLocale(told ?? null);
  });
  const content = (locale ? experience.locales?.[locale] : experience.content) ?? {};
  function set(made: Content) {
    if (locale) write({ ...experience, locales: { ...experience.locales, [locale]: made } });
    else write({ ...experience, content: made });
  }
  function form(next: string) {
    const empty = isBody(content)
      ? content.body == null
      : (content.messages ?? []).every((one) => !one.target && !(one.rows ?? []).length);
    const made: Content =
      next === "json"
        ? { body: {}, on_missing: content.on_missing }
        : { messages: [{ rows: [] }], on_missing: content.on_missing };
    if (empty) set(made);
    else
      confirm({
        title: "Begin with the other form?",
        body: "What this experience shows now is left behind. Undo brings it back.",
        verb: "Begin anew",
        act: () => set(made),
      });
  }
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <SegmentedControl
            size="xs"
            aria-label="Form of the content"
            disabled={locked}
            value={isBody(content) ? "json" : "messages"}
            onChange={form}
            data={[
              { value: "messages", label: "Messages" },
              { value: "json", label: "JSON" },
            ]}
          />
          {!alone && (
            <Locales experience={experience} locale={locale} choose={setLocale} write={write} locked={locked} />
          )}
        </Group>
        {!locked && !alone && <TemplateMenu experience={experience} write={write} />}
      </Group>
      {experience.template && !locale && (
        <Text size="xs" c="dimmed">
          Copied from the template {experience.template.template}
          {experience.template.version ? `, version ${experience.template.version}` : ""}; changes of the template do
          not reach it.
        </Text>
      )}
      {field("template").error && (
        <Text size="xs" c="red" role="alert">
          {field("template").error}
        </Text>
      )}
      <At path={locale ? `locales.${locale}` : "content"}>
        {isBody(content) ? (
          <BodyEditor key={locale ?? ""} content={content} set={set} locked={locked} />
        ) : (
          <Messages
            rule={rule}
            content={content}
            set={set}
            change={locale || alone ? undefined : change}
            locked={locked}
          />
        )}
      </At>
      <Missing content={content} set={set} locked={locked} />
    </Stack>
  );
}

function Missing({ content, set, locked }: { content: Content; set: (content: Content) => void; locked: boolean }) {
  const text = JSON.stringify(content.body ?? content.messages ?? "");
  if (!/\{[{%]/.test(text)) return null;
  return (
    <Alert color="gray" variant="light" p="xs">
      <Radio.Group
        size="xs"
        label="When a dynamic value without a default finds nothing"
        value={content.on_missing ?? "withhold"}
        onChange={(value) => set({ ...content, on_missing: value as Content["on_missing"] })}
      >
        <Group mt={4}>
          <Radio size="xs" value="withhold" label="show nothing of this message" disabled={locked} />
          <Radio size="xs" value="empty" label="show it with a gap" disabled={locked} />
        </Group>
      </Radio.Group>
    </Alert>
  );
}
