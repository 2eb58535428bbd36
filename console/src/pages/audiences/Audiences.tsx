import { Anchor, Badge, Button, Group, Menu, Table, Text } from "@mantine/core";
import { IconPlus, IconUsersGroup } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { inWords } from "@/conditions/words";
import { Empty } from "@/parts/Empty";
import { Listed } from "@/parts/Listed";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";

/** Named conditions and lists that campaigns share. */
export function Audiences() {
  const project = useProject();
  const may = useRole();
  const add = may("editor") && (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<IconPlus size={16} />}>New audience</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to={`/p/${project}/audiences/new`}>
          By a condition
        </Menu.Item>
        <Menu.Item component={Link} to={`/p/${project}/audiences/new?type=list`}>
          A list of ids
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <Page
      title="Audiences"
      about="Conditions and lists with a name, for use in many campaigns. Changing one changes all of them."
      actions={add}
    >
      <Listed
        what="audiences"
        ask={(query) => data(api.GET("/v1/projects/{project}/audiences", { params: { path: { project }, query } }))}
        empty={
          <Empty icon={<IconUsersGroup size={26} />} title="No audience yet" action={add}>
            Give a name to whom you mean often, such as “customers of the last year”, or upload a list of ids. Then
            rules can ask for it by name.
          </Empty>
        }
        head={["Audience", "Who", "Changed"]}
        row={(one) => (
          <>
            <Table.Td>
              <Anchor component={Link} to={`/p/${project}/audiences/${one.key}`} fw={600} size="sm">
                {one.body.name}
              </Anchor>
              <Text size="xs" c="dimmed" ff="monospace">
                {one.key}
              </Text>
            </Table.Td>
            <Table.Td maw={480}>
              {one.body.type === "list" ? (
                <Group gap={6}>
                  <Badge variant="default" tt="none">
                    list
                  </Badge>
                  <Text size="sm">{one.body.description}</Text>
                </Group>
              ) : (
                <Text size="sm" lineClamp={2}>
                  {inWords(one.body.condition as never)}
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              <Text size="sm" c="dimmed">
                <Moment at={one.at} />
              </Text>
            </Table.Td>
          </>
        )}
      />
    </Page>
  );
}
