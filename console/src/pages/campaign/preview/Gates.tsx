import { Badge, Group, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { audiences } from "@/api/queries";
import { useProject } from "@/app/project";
import {
  type Campaign,
  type Conditions,
  type Explanation,
  gateInWords,
  plain,
  reasonInWords,
  ruleAt,
  ruleInWords,
  told,
} from "./words";

const COLORS: Record<string, string> = {
  TARGETING_MATCH: "leaf",
  SPLIT: "leaf",
  CONTROL: "rust",
  ERROR: "red",
  WITHHELD: "rust",
  DEGRADED: "rust",
};

/** What was decided and why, gate by gate, in the words of the campaign's own pages. */
export function Gates({ preview, campaign }: { preview: Schemas["Preview"]; campaign: Campaign }) {
  const { explanation } = preview;
  const conditions = useConditions(explanation);
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <Badge color={COLORS[preview.reason] ?? "gray"} variant="light" tt="none" title={preview.reason}>
          {reasonInWords(preview.reason)}
        </Badge>
        {preview.experience && <Text size="sm">sees “{preview.experience}”</Text>}
        {preview.group === "control" && <Text size="sm">is in the control group: sees what everybody sees</Text>}
      </Group>
      <Gate why={explanation} campaign={campaign} conditions={conditions} matched={preview.rule} />
      {preview.missing.length > 0 && (
        <Text size="sm" c="rust">
          Not found while rendering: {preview.missing.join(", ")}
        </Text>
      )}
      <Exactly why={explanation} reason={preview.reason} />
    </Stack>
  );
}

/** The conditions of the project's audiences, asked for where an explanation leads into one. */
function useConditions(why: Explanation): Conditions {
  const project = useProject();
  const leads = flat(why).some((one) => one.path?.includes(" → "));
  const found = useQuery({ ...audiences(project), enabled: leads });
  return Object.fromEntries((found.data?.items ?? []).map((one) => [one.key, one.body.condition as never]));
}

/** An explanation and those of its rules. */
const flat = (why: Explanation): Explanation[] => [why, ...(why.rules ?? []).flatMap(flat)];

type Props = { why: Explanation; campaign: Campaign; conditions: Conditions; matched?: string | null };

function Gate({ why, campaign, conditions, matched }: Props) {
  const rules = why.rules ?? [];
  // The only rule speaks for its campaign: it is told once, below.
  const repeated = why.gate === "rule" && rules.length === 1 && rules[0]!.path === why.path;
  return (
    <div>
      <Text size="sm">
        <b>{gateInWords(why.gate)}</b>{" "}
        {repeated ? "The only rule does not match." : <Why why={why} {...{ campaign, conditions, matched }} />}
      </Text>
      {rules.length > 0 && (
        <>
          {why.gate !== "rule" && (
            <Text size="sm" c="dimmed" mt={4}>
              {rules.length === 1 ? "The rule before it does not match:" : "The rules before it do not match:"}
            </Text>
          )}
          <List size="sm" mt={2} withPadding>
            {rules.map((one, index) => (
              <List.Item key={`${one.gate}-${index.toString()}`}>
                <b>{ruleInWords(campaign, ruleAt(one.path ?? "") ?? index)}</b>{" "}
                <Why why={one} campaign={campaign} conditions={conditions} />
              </List.Item>
            ))}
          </List>
        </>
      )}
      {(why.warnings ?? []).map((warning) => (
        <Text key={warning} size="sm" c="rust">
          {plain(warning, campaign)}
        </Text>
      ))}
    </div>
  );
}

/** What was asked and what was found, or the sentence where no condition decided. */
function Why({ why, campaign, conditions, matched }: Props) {
  const { sentence, asked, found } = told(why, campaign, conditions, matched);
  if (sentence) return sentence;
  return (
    <span title={why.path}>
      asks: <em>{nested(asked)}</em>
      {found ? (
        <>
          ; found: <b>{found}</b>
        </>
      ) : (
        ", which does not hold"
      )}
    </span>
  );
}

/** What an audience asks stands in brackets behind its name. */
const nested = (asked: string[]): string => asked.reduceRight((inner, outer) => `${outer} (${inner})`);

/** The same for engineers: constants, paths and values as the server tells them. */
function Exactly({ why, reason }: { why: Explanation; reason: string }) {
  return (
    <details>
      <summary style={{ cursor: "pointer", fontSize: "var(--mantine-font-size-xs)" }}>For engineers</summary>
      <Text size="xs" mt={4}>
        <code>{reason}</code>
      </Text>
      {flat(why).map((one, index) => (
        <Text key={`${one.path}-${index.toString()}`} size="xs" mt={4} style={{ overflowWrap: "anywhere" }}>
          <code>{one.path || one.gate}</code>
          {one.found !== undefined && (
            <>
              {" "}
              found <code>{JSON.stringify(one.found)}</code>
            </>
          )}
          {one.expected !== undefined && (
            <>
              {" "}
              expected <code>{JSON.stringify(one.expected)}</code>
            </>
          )}
          : {one.message}
        </Text>
      ))}
    </details>
  );
}
