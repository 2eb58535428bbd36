import { Anchor, Button, Table, Text } from "@mantine/core";
import { IconPlus, IconTemplate } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Listed } from "@/parts/Listed";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";

/** What a content consists of, in a few words. */
function summary(content: Schemas["Content"]): string {
  if (content.body !== undefined) return "JSON";
  const messages = content.messages ?? [];
  const rows = messages.reduce((sum, one) => sum + (one.rows ?? []).length, 0);
  return `${messages.length} ${messages.length === 1 ? "message" : "messages"}, ${rows} rows`;
}

/** Content to begin with. */
export function Templates() {
  const project = useProject();
  const may = useRole();
  const add = may("editor") && (
    <Button leftSection={<IconPlus size={16} />} component={Link} to={`/p/${project}/templates/new`}>
      New template
    </Button>
  );
  return (
    <Page
      title="Templates"
      about="Saved content that experiences start from. A copy keeps working when its template changes."
      actions={add}
    >
      <Listed
        what="templates"
        ask={(query) => data(api.GET("/v1/projects/{project}/templates", { params: { path: { project }, query } }))}
        empty={
          <Empty icon={<IconTemplate size={26} />} title="No template yet" action={add}>
            Save the content of an experience as a template, or make one here, so that the next campaign begins with it.
          </Empty>
        }
        minWidth={420}
        head={["Template", "Content", "Changed"]}
        row={(one) => (
          <>
            <Table.Td>
              <Anchor component={Link} to={`/p/${project}/templates/${one.key}`} fw={600} size="sm">
                {one.body.name}
              </Anchor>
              <Text size="xs" c="dimmed">
                {one.body.description || one.key}
              </Text>
            </Table.Td>
            <Table.Td>
              {summary(one.body.content)}
              {one.body.client_bundle ? ", client code" : ""}
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
