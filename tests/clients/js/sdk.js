// Drives a running Seal53 through the unmodified AWS SDK for JavaScript; an assertion that fails ends it with status 1.
//
// The endpoint and the credentials come from the environment. This SDK sends X-Amz-Content-SHA256, which must be the
// hash of the body that arrives.

import assert from "node:assert/strict";
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  DeleteHostedZoneCommand,
  GetCheckerIpRangesCommand,
  GetHostedZoneCommand,
  ListTagsForResourceCommand,
  ChangeTagsForResourceCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
  waitUntilResourceRecordSetsChanged,
} from "@aws-sdk/client-route-53";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const client = new Route53Client({});

const { Account } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
assert.match(Account, /^\d{12}$/);

const made = await client.send(
  new CreateHostedZoneCommand({
    Name: "js-sdk.com",
    CallerReference: `js-${Date.now()}`,
    HostedZoneConfig: { Comment: "from JavaScript — <&>" },
  }),
);
const HostedZoneId = made.HostedZone.Id;
assert.equal(made.HostedZone.Config.Comment, "from JavaScript — <&>");
assert.equal(made.DelegationSet.NameServers.length, 4);

const put = (ResourceRecordSet) => ({ Action: "UPSERT", ResourceRecordSet });
const host = (n) => ({ Name: `h${n}.js-sdk.com`, Type: "A", TTL: 60, ResourceRecords: [{ Value: `192.0.2.${n}` }] });
const change = async (Changes) => {
  const { ChangeInfo } = await client.send(
    new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }),
  );
  await waitUntilResourceRecordSetsChanged({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 2 }, { Id: ChangeInfo.Id });
};
await change([
  ...Array.from({ length: 150 }, (_, n) => put(host(n))),
  put({ Name: "js-sdk.com", Type: "TXT", TTL: 60, ResourceRecords: [{ Value: '"a \\"quoted\\" text"' }] }),
  put({ Name: "*.js-sdk.com", Type: "CNAME", TTL: 60, ResourceRecords: [{ Value: "h1.js-sdk.com" }] }),
]);

// This SDK has no paginator for a list with three markers.
const sets = [];
for (let page = { IsTruncated: true }; page.IsTruncated; sets.push(...page.ResourceRecordSets)) {
  page = await client.send(
    new ListResourceRecordSetsCommand({
      HostedZoneId,
      MaxItems: 40,
      StartRecordName: page.NextRecordName,
      StartRecordType: page.NextRecordType,
      StartRecordIdentifier: page.NextRecordIdentifier,
    }),
  );
}
assert.equal(sets.length, 154);
assert.equal(sets.filter(({ Name }) => Name === "\\052.js-sdk.com.").length, 1);
assert.deepEqual(sets.find(({ Type }) => Type === "TXT").ResourceRecords, [{ Value: '"a \\"quoted\\" text"' }]);

await assert.rejects(client.send(new GetHostedZoneCommand({ Id: "ZUNKNOWN00000" })), { name: "NoSuchHostedZone" });
await assert.rejects(change([{ Action: "CREATE", ResourceRecordSet: host(1) }]), {
  name: "InvalidChangeBatch",
  message: /but it already exists/,
});

const ResourceId = HostedZoneId.split("/").pop();
const resource = { ResourceType: "hostedzone", ResourceId };
await client.send(new ChangeTagsForResourceCommand({ ...resource, AddTags: [{ Key: "made-by", Value: "js" }] }));
const { ResourceTagSet } = await client.send(new ListTagsForResourceCommand(resource));
assert.deepEqual(ResourceTagSet.Tags, [{ Key: "made-by", Value: "js" }]);
assert.ok((await client.send(new GetCheckerIpRangesCommand({}))).CheckerIpRanges.length > 0);

await change(
  sets.filter(({ Type }) => Type !== "NS" && Type !== "SOA").map((s) => ({ Action: "DELETE", ResourceRecordSet: s })),
);
await client.send(new DeleteHostedZoneCommand({ Id: HostedZoneId }));
console.log("ok");
