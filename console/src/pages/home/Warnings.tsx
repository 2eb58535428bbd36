import { Anchor, Group, Paper, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { count } from "@/parts/figures";

type Warned = Schemas["Warned"];
type Glance = Schemas["Glance"];

const PLACES: Record<string, string> = {
  campaign: "campaigns",
  audience: "audiences",
  template: "templates",
  goal: "goals",
};

/** What is switched off, out of date, not as it was drawn, or contradicts itself. */
export function Warnings({ warnings, running }: { warnings: Warned[]; running: Glance[] }) {
  const project = useProject();
  return (
    <Stack gap="xs" component="section" aria-label="Warnings">
      {warnings.map((one) => (
        <Warning key={`${one.kind} ${one.about}`} {...told(one, project, running)} />
      ))}
    </Stack>
  );
}

type Told = { title: ReactNode; text: string };

function told({ kind, about = "", detail = "", count: many = 0 }: Warned, project: string, running: Glance[]): Told {
  if (kind === "switched_off") {
    const [what = "", key = ""] = about.split(":");
    const place = what === "settings" ? "settings" : `${PLACES[what]}/${key}`;
    const name = what === "settings" ? "Settings" : `${what} ${key}`;
    return { title: <>{lead(`/p/${project}/${place}`, name)} is switched off</>, text: detail };
  }
  if (kind === "mismatch") {
    const name = running.find((one) => one.key === about)?.name ?? about;
    return {
      title: (
        <>{lead(`/p/${project}/campaigns/${about}/results`, name)}: people do not fall on the arms as the shares say</>
      ),
      text: "Something loses or adds people in one arm, so its figures are not to be trusted. The results page says where.",
    };
  }
  if (kind === "identity")
    return {
      title: `${count(many)} identity ${many === 1 ? "conflict" : "conflicts"}`,
      text: "Devices were seen with more than one known person. Those people keep their own experiences; results count them as crossed.",
    };
  return {
    title: "Definitions may be out of date",
    text: `This server has not heard from its database for ${count(many)} seconds and goes on with what it has.`,
  };
}

function lead(to: string, text: string): ReactNode {
  return (
    <Anchor component={Link} to={to} size="sm" fw={600} underline="always">
      {text}
    </Anchor>
  );
}

function Warning({ title, text }: Told) {
  return (
    <Paper withBorder p="sm" style={{ borderLeft: "4px solid var(--mantine-color-rust-5)" }}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <IconAlertTriangle size={18} color="var(--mantine-color-rust-6)" aria-hidden style={{ flexShrink: 0 }} />
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {title}
          </Text>
          <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {text}
          </Text>
        </div>
      </Group>
    </Paper>
  );
}
