// Sdk drives a running Seal53 through the unmodified AWS SDK for Go and exits with status 1 at the first surprise.
//
// The endpoint and the credentials come from the environment, as for any AWS program. This SDK reads list members by the
// names that the model gives them, where botocore takes any name: what it sees, others see too.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	loaded, err := config.LoadDefaultConfig(ctx)
	must(err)
	account, err := sts.NewFromConfig(loaded).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	must(err)
	check(len(aws.ToString(account.Account)) == 12, "the account is %q", aws.ToString(account.Account))
	client := route53.NewFromConfig(loaded)
	zone := create(ctx, client)
	records(ctx, client, zone)
	faults(ctx, client, zone)
	blocks(ctx, client)
	signing(ctx, client, kms.NewFromConfig(loaded), zone, aws.ToString(account.Account))
	remove(ctx, client, zone)
	fmt.Println("ok")
}

func create(ctx context.Context, client *route53.Client) string {
	made, err := client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name:             aws.String("go-sdk.com"),
		CallerReference:  aws.String(fmt.Sprint("go-", time.Now().UnixNano())),
		HostedZoneConfig: &types.HostedZoneConfig{Comment: aws.String("by the SDK for Go")},
	})
	must(err)
	check(strings.HasSuffix(aws.ToString(made.Location), aws.ToString(made.HostedZone.Id)[len("/hostedzone/"):]),
		"Location is %q", aws.ToString(made.Location))
	check(len(made.DelegationSet.NameServers) == 4, "%d name servers", len(made.DelegationSet.NameServers))
	return aws.ToString(made.HostedZone.Id)
}

func records(ctx context.Context, client *route53.Client, zone string) {
	changes := []types.Change{}
	for n := range 120 {
		changes = append(changes, put(types.ResourceRecordSet{
			Name: aws.String(fmt.Sprintf("host-%03d.go-sdk.com", n)), Type: types.RRTypeA, TTL: aws.Int64(60),
			ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
		}))
	}
	for n, weight := range []int64{1, 3} {
		changes = append(changes, put(types.ResourceRecordSet{
			Name: aws.String("weighted.go-sdk.com"), Type: types.RRTypeTxt, TTL: aws.Int64(60),
			SetIdentifier: aws.String(fmt.Sprint("set-", n)), Weight: aws.Int64(weight),
			ResourceRecords: []types.ResourceRecord{{Value: aws.String(fmt.Sprintf("%q", fmt.Sprint("set ", n)))}},
		}))
	}
	done, err := client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(zone), ChangeBatch: &types.ChangeBatch{Changes: changes},
	})
	must(err)
	must(route53.NewResourceRecordSetsChangedWaiter(client, func(o *route53.ResourceRecordSetsChangedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	}).Wait(ctx, &route53.GetChangeInput{Id: done.ChangeInfo.Id}, 20*time.Second))
	seen := map[string]bool{}
	pages := route53.NewListResourceRecordSetsPaginator(client, &route53.ListResourceRecordSetsInput{
		HostedZoneId: aws.String(zone), MaxItems: aws.Int32(50),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, set := range page.ResourceRecordSets {
			key := aws.ToString(set.Name) + string(set.Type) + aws.ToString(set.SetIdentifier)
			check(!seen[key], "%s is listed twice", key)
			seen[key] = true
		}
	}
	check(len(seen) == 124, "%d record sets are listed", len(seen))
}

func faults(ctx context.Context, client *route53.Client, zone string) {
	_, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String("ZUNKNOWN00000")})
	var unknown *types.NoSuchHostedZone
	check(errors.As(err, &unknown), "an unknown zone is %v", err)
	_, err = client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(zone), ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
			Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String("host-000.go-sdk.com"), Type: types.RRTypeA, TTL: aws.Int64(60),
				ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.9")}},
			}}}},
	})
	var refused *types.InvalidChangeBatch
	check(errors.As(err, &refused), "a second CREATE is %v", err)
	check(strings.Contains(err.Error(), "but it already exists"), "a second CREATE says %v", err)
	id := strings.TrimPrefix(zone, "/hostedzone/")
	_, err = client.ChangeTagsForResource(ctx, &route53.ChangeTagsForResourceInput{
		ResourceId: aws.String(id), ResourceType: types.TagResourceTypeHostedzone,
		AddTags: []types.Tag{{Key: aws.String("made-by"), Value: aws.String("go")}},
	})
	must(err)
	tags, err := client.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{
		ResourceId: aws.String(id), ResourceType: types.TagResourceTypeHostedzone,
	})
	must(err)
	check(len(tags.ResourceTagSet.Tags) == 1, "%d tags", len(tags.ResourceTagSet.Tags))
}

// Lists whose members are called <member> come out empty here when they are called anything else.
func blocks(ctx context.Context, client *route53.Client) {
	made, err := client.CreateCidrCollection(ctx, &route53.CreateCidrCollectionInput{
		Name: aws.String("go"), CallerReference: aws.String(fmt.Sprint("go-", time.Now().UnixNano())),
	})
	must(err)
	id := made.Collection.Id
	_, err = client.ChangeCidrCollection(ctx, &route53.ChangeCidrCollectionInput{Id: id,
		Changes: []types.CidrCollectionChange{{Action: types.CidrCollectionChangeActionPut,
			LocationName: aws.String("office"), CidrList: []string{"192.0.2.0/24", "2001:db8::/32"}}}})
	must(err)
	listed, err := client.ListCidrBlocks(ctx, &route53.ListCidrBlocksInput{CollectionId: id})
	must(err)
	check(len(listed.CidrBlocks) == 2, "%d blocks", len(listed.CidrBlocks))
	_, err = client.ChangeCidrCollection(ctx, &route53.ChangeCidrCollectionInput{Id: id,
		Changes: []types.CidrCollectionChange{{Action: types.CidrCollectionChangeActionDeleteIfExists,
			LocationName: aws.String("office"), CidrList: []string{"192.0.2.0/24", "2001:db8::/32"}}}})
	must(err)
	_, err = client.DeleteCidrCollection(ctx, &route53.DeleteCidrCollectionInput{Id: id})
	must(err)
	ranges, err := client.GetCheckerIpRanges(ctx, &route53.GetCheckerIpRangesInput{})
	must(err)
	check(len(ranges.CheckerIpRanges) > 0, "no checker ranges")
}

func signing(ctx context.Context, client *route53.Client, keys *kms.Client, zone, account string) {
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"dnssec-route53.amazonaws.com"},
		 "Action":["kms:DescribeKey","kms:GetPublicKey","kms:Sign"],"Resource":"*"}]}`, account)
	key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{
		KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify, Policy: aws.String(policy),
	})
	must(err)
	_, err = client.CreateKeySigningKey(ctx, &route53.CreateKeySigningKeyInput{
		HostedZoneId: aws.String(zone), KeyManagementServiceArn: key.KeyMetadata.Arn, Name: aws.String("go_ksk"),
		Status: aws.String("ACTIVE"), CallerReference: aws.String("go"),
	})
	must(err)
	_, err = client.EnableHostedZoneDNSSEC(ctx, &route53.EnableHostedZoneDNSSECInput{HostedZoneId: aws.String(zone)})
	must(err)
	state, err := client.GetDNSSEC(ctx, &route53.GetDNSSECInput{HostedZoneId: aws.String(zone)})
	must(err)
	check(aws.ToString(state.Status.ServeSignature) == "SIGNING", "signing is %v", state.Status)
	check(len(state.KeySigningKeys) == 1, "%d key-signing keys", len(state.KeySigningKeys))
	_, err = client.DisableHostedZoneDNSSEC(ctx, &route53.DisableHostedZoneDNSSECInput{HostedZoneId: aws.String(zone)})
	must(err)
	_, err = client.DeactivateKeySigningKey(ctx, &route53.DeactivateKeySigningKeyInput{
		HostedZoneId: aws.String(zone), Name: aws.String("go_ksk")})
	must(err)
	_, err = client.DeleteKeySigningKey(ctx, &route53.DeleteKeySigningKeyInput{
		HostedZoneId: aws.String(zone), Name: aws.String("go_ksk")})
	must(err)
}

func remove(ctx context.Context, client *route53.Client, zone string) {
	pages := route53.NewListResourceRecordSetsPaginator(client, &route53.ListResourceRecordSetsInput{
		HostedZoneId: aws.String(zone),
	})
	changes := []types.Change{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, set := range page.ResourceRecordSets {
			if set.Type != types.RRTypeNs && set.Type != types.RRTypeSoa {
				changes = append(changes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &set})
			}
		}
	}
	_, err := client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(zone), ChangeBatch: &types.ChangeBatch{Changes: changes},
	})
	must(err)
	_, err = client.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: aws.String(zone)})
	must(err)
}

func put(set types.ResourceRecordSet) types.Change {
	return types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &set}
}

func check(holds bool, format string, values ...any) {
	if !holds {
		fmt.Fprintf(os.Stderr, format+"\n", values...)
		os.Exit(1)
	}
}

func must(err error) {
	check(err == nil, "%v", err)
}
