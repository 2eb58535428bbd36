import { Badge, Menu, Text, UnstyledButton } from "@mantine/core";
import { createContext, useContext } from "react";
import { sentence } from "@/parts/wrong";
import type { Setup } from "./useCheck";

/** Leads to a field of the campaign. */
export const Lead = createContext<(path: string) => void>(() => {});

/** Whether a rule may start; what is missing leads to its field. */
export function Readiness({ setup }: { setup: Setup[number] }) {
  const lead = useContext(Lead);
  const missing = setup.missing ?? [];
  if (setup.ready)
    return (
      <Badge color="leaf" variant="light" tt="none" miw="max-content">
        Ready
      </Badge>
    );
  return (
    <Menu position="bottom-end" withinPortal width={320}>
      <Menu.Target>
        <UnstyledButton aria-label="Needs setup: what is missing">
          <Badge color="rust" variant="light" tt="none" miw="max-content">
            Needs setup
          </Badge>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Before it may start</Menu.Label>
        {missing.map((one) => (
          <Menu.Item key={one.field} onClick={() => lead(one.field ?? "")}>
            <Text size="sm">{sentence(one)}</Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
