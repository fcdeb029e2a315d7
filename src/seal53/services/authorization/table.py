"""Which resources each operation acts upon, as policies name them. Data, one line an operation.

    *                 the operation has no resource; policies must say "Resource": "*"
    kind/{Member}     an ARN of the service, with the request's member in it; a list gives one for each value;
                      one whose member is absent is left out
    @user @role ...   looked up: `acts`; @renamed: what a user will be
    @operation        decided inside of the operation, which knows the resource's own policy
    -                 nobody needs a permission

The action is always the operation's name. Source: Service Authorization Reference; where it has no row yet
(record set protections), hosted zones. The operator's calls are all `seal53:<call>` on "*".
"""

from collections.abc import Mapping

PREFIXES: Mapping[str, str] = {
    "ec2": "arn:aws:ec2:{region}:{account}:",
    "iam": "arn:aws:iam::{account}:",
    "kms": "arn:aws:kms:{region}:{account}:",
    "route53": "arn:aws:route53:::",
    "route53domains": "",
    "route53resolver": "arn:aws:route53resolver:{region}:{account}:",
    "sts": "",
}

_ROUTE53 = """
ActivateKeySigningKey                   hostedzone/{HostedZoneId}
AssociateVPCWithHostedZone              hostedzone/{HostedZoneId}
ChangeCidrCollection                    cidrcollection/{Id}
ChangeResourceRecordSets                hostedzone/{HostedZoneId}
ChangeTagsForResource                   {ResourceType}/{ResourceId}
CreateCidrCollection                    *
CreateHealthCheck                       *
CreateHostedZone                        *
CreateKeySigningKey                     hostedzone/{HostedZoneId}
CreateQueryLoggingConfig                hostedzone/{HostedZoneId}
CreateResourceRecordSetProtections      hostedzone/{HostedZoneId}
CreateReusableDelegationSet             *
CreateTrafficPolicy                     *
CreateTrafficPolicyInstance             hostedzone/{HostedZoneId} trafficpolicy/{TrafficPolicyId}
CreateTrafficPolicyVersion              trafficpolicy/{Id}
CreateVPCAssociationAuthorization       hostedzone/{HostedZoneId}
DeactivateKeySigningKey                 hostedzone/{HostedZoneId}
DeleteCidrCollection                    cidrcollection/{Id}
DeleteHealthCheck                       healthcheck/{HealthCheckId}
DeleteHostedZone                        hostedzone/{Id}
DeleteKeySigningKey                     hostedzone/{HostedZoneId}
DeleteQueryLoggingConfig                queryloggingconfig/{Id}
DeleteResourceRecordSetProtections      hostedzone/{HostedZoneId}
DeleteReusableDelegationSet             delegationset/{Id}
DeleteTrafficPolicy                     trafficpolicy/{Id}
DeleteTrafficPolicyInstance             trafficpolicyinstance/{Id}
DeleteVPCAssociationAuthorization       hostedzone/{HostedZoneId}
DisableHostedZoneDNSSEC                 hostedzone/{HostedZoneId}
DisassociateVPCFromHostedZone           hostedzone/{HostedZoneId}
EnableHostedZoneDNSSEC                  hostedzone/{HostedZoneId}
GetAccountLimit                         *
GetChange                               change/{Id}
GetCheckerIpRanges                      *
GetDNSSEC                               hostedzone/{HostedZoneId}
GetGeoLocation                          *
GetHealthCheck                          healthcheck/{HealthCheckId}
GetHealthCheckCount                     *
GetHealthCheckLastFailureReason         healthcheck/{HealthCheckId}
GetHealthCheckStatus                    healthcheck/{HealthCheckId}
GetHostedZone                           hostedzone/{Id}
GetHostedZoneCount                      *
GetHostedZoneLimit                      hostedzone/{HostedZoneId}
GetQueryLoggingConfig                   queryloggingconfig/{Id}
GetReusableDelegationSet                delegationset/{Id}
GetReusableDelegationSetLimit           delegationset/{DelegationSetId}
GetTrafficPolicy                        trafficpolicy/{Id}
GetTrafficPolicyInstance                trafficpolicyinstance/{Id}
GetTrafficPolicyInstanceCount           *
ListCidrBlocks                          cidrcollection/{CollectionId}
ListCidrCollections                     *
ListCidrLocations                       cidrcollection/{CollectionId}
ListGeoLocations                        *
ListHealthChecks                        *
ListHostedZones                         *
ListHostedZonesByName                   *
ListHostedZonesByVPC                    *
ListQueryLoggingConfigs                 hostedzone/{HostedZoneId}
ListResourceRecordSetProtections        hostedzone/{HostedZoneId}
ListResourceRecordSets                  hostedzone/{HostedZoneId}
ListReusableDelegationSets              *
ListTagsForResource                     {ResourceType}/{ResourceId}
ListTagsForResources                    {ResourceType}/{ResourceIds}
ListTrafficPolicies                     *
ListTrafficPolicyInstances              *
ListTrafficPolicyInstancesByHostedZone  hostedzone/{HostedZoneId}
ListTrafficPolicyInstancesByPolicy      trafficpolicy/{TrafficPolicyId}
ListTrafficPolicyVersions               trafficpolicy/{Id}
ListVPCAssociationAuthorizations        hostedzone/{HostedZoneId}
TestDNSAnswer                           *
UpdateHealthCheck                       healthcheck/{HealthCheckId}
UpdateHostedZoneComment                 hostedzone/{Id}
UpdateHostedZoneFeatures                hostedzone/{HostedZoneId}
UpdateTrafficPolicyComment              trafficpolicy/{Id}
UpdateTrafficPolicyInstance             trafficpolicyinstance/{Id}
"""

_DOMAINS = """
AcceptDomainTransferFromAnotherAwsAccount  *
AssociateDelegationSignerToDomain          *
CancelDomainTransferToAnotherAwsAccount    *
CheckDomainAvailability                    *
CheckDomainTransferability                 *
DeleteDomain                               *
DeleteTagsForDomain                        *
DisableDomainAutoRenew                     *
DisableDomainTransferLock                  *
DisassociateDelegationSignerFromDomain     *
EnableDomainAutoRenew                      *
EnableDomainTransferLock                   *
GetContactReachabilityStatus               *
GetDomainDetail                            *
GetDomainSuggestions                       *
GetOperationDetail                         *
ListDomains                                *
ListOperations                             *
ListPrices                                 *
ListTagsForDomain                          *
PushDomain                                 *
RegisterDomain                             *
RejectDomainTransferFromAnotherAwsAccount  *
RenewDomain                                *
ResendContactReachabilityEmail             *
ResendOperationAuthorization               *
RetrieveDomainAuthCode                     *
TransferDomain                             *
TransferDomainToAnotherAwsAccount          *
UpdateDomainContact                        *
UpdateDomainContactPrivacy                 *
UpdateDomainNameservers                    *
UpdateTagsForDomain                        *
ViewBilling                                *
"""

_RESOLVER = """
AssociateResolverQueryLogConfig     resolver-query-log-config/{ResolverQueryLogConfigId}
AssociateResolverRule               resolver-rule/{ResolverRuleId}
CreateResolverEndpoint              *
CreateResolverQueryLogConfig        *
CreateResolverRule                  *
DeleteResolverEndpoint              resolver-endpoint/{ResolverEndpointId}
DeleteResolverQueryLogConfig        resolver-query-log-config/{ResolverQueryLogConfigId}
DeleteResolverRule                  resolver-rule/{ResolverRuleId}
DisassociateResolverQueryLogConfig  resolver-query-log-config/{ResolverQueryLogConfigId}
DisassociateResolverRule            resolver-rule/{ResolverRuleId}
GetResolverConfig                   resolver-config/{ResourceId}
GetResolverDnssecConfig             resolver-dnssec-config/{ResourceId}
GetResolverEndpoint                 resolver-endpoint/{ResolverEndpointId}
GetResolverQueryLogConfig           resolver-query-log-config/{ResolverQueryLogConfigId}
GetResolverRule                     resolver-rule/{ResolverRuleId}
GetResolverRuleAssociation          *
ListResolverConfigs                 *
ListResolverDnssecConfigs           *
ListResolverEndpointIpAddresses     resolver-endpoint/{ResolverEndpointId}
ListResolverEndpoints               *
ListResolverQueryLogConfigs         *
ListResolverRuleAssociations        *
ListResolverRules                   *
UpdateResolverConfig                resolver-config/{ResourceId}
UpdateResolverDnssecConfig          resolver-dnssec-config/{ResourceId}
UpdateResolverEndpoint              resolver-endpoint/{ResolverEndpointId}
UpdateResolverRule                  resolver-rule/{ResolverRuleId}
"""

_KMS = """
CancelKeyDeletion     @operation
CreateAlias           {AliasName} @operation
CreateGrant           @operation
CreateKey             *
DeleteAlias           {AliasName} @operation
DescribeKey           @operation
DisableKey            @operation
DisableKeyRotation    @operation
EnableKey             @operation
EnableKeyRotation     @operation
GetKeyPolicy          @operation
GetKeyRotationStatus  @operation
GetPublicKey          @operation
ListAliases           *
ListGrants            @operation
ListKeyPolicies       @operation
ListKeyRotations      @operation
ListKeys              *
ListResourceTags      @operation
ListRetirableGrants   *
PutKeyPolicy          @operation
RetireGrant           @operation
RevokeGrant           @operation
ScheduleKeyDeletion   @operation
Sign                  @operation
TagResource           @operation
UntagResource         @operation
UpdateAlias           {AliasName} @operation
UpdateKeyDescription  @operation
Verify                @operation
"""

_STS = """
AssumeRole         @operation
GetAccessKeyInfo   *
GetCallerIdentity  -
GetSessionToken    -
"""

_IAM = """
AttachRolePolicy             @role
AttachUserPolicy             @user
CreateAccessKey              @user
CreatePolicy                 @policy
CreatePolicyVersion          @policy
CreateRole                   @role
CreateUser                   @user
DeleteAccessKey              @user
DeletePolicy                 @policy
DeletePolicyVersion          @policy
DeleteRole                   @role
DeleteRolePolicy             @role
DeleteUser                   @user
DeleteUserPolicy             @user
DetachRolePolicy             @role
DetachUserPolicy             @user
GetAccessKeyLastUsed         @user
GetPolicy                    @policy
GetPolicyVersion             @policy
GetRole                      @role
GetRolePolicy                @role
GetUser                      @user
GetUserPolicy                @user
ListAccessKeys               @user
ListAttachedRolePolicies     @role
ListAttachedUserPolicies     @user
ListEntitiesForPolicy        @policy
ListGroupsForUser            @user
ListInstanceProfilesForRole  @role
ListPolicies                 *
ListPolicyTags               @policy
ListPolicyVersions           @policy
ListRolePolicies             @role
ListRoles                    *
ListRoleTags                 @role
ListUserPolicies             @user
ListUsers                    *
ListUserTags                 @user
PutRolePolicy                @role
PutUserPolicy                @user
SetDefaultPolicyVersion      @policy
TagPolicy                    @policy
TagRole                      @role
TagUser                      @user
UntagPolicy                  @policy
UntagRole                    @role
UntagUser                    @user
UpdateAccessKey              @user
UpdateAssumeRolePolicy       @role
UpdateRole                   @role
UpdateRoleDescription        @role
UpdateUser                   @user @renamed
"""

_EC2 = """
CreateTags                 vpc/{Resources}
CreateVpc                  vpc/*
DeleteTags                 vpc/{Resources}
DeleteVpc                  vpc/{VpcId}
DescribeAccountAttributes  *
DescribeAvailabilityZones  *
DescribeNetworkAcls        *
DescribeRegions            *
DescribeRouteTables        *
DescribeSecurityGroups     *
DescribeSubnets            *
DescribeTags               *
DescribeVpcAttribute       vpc/{VpcId}
DescribeVpcs               *
ModifyVpcAttribute         vpc/{VpcId}
"""

Row = tuple[str, ...]


def _read(text: str) -> dict[str, Row]:
    return {operation: tuple(rest) for operation, *rest in map(str.split, text.strip().splitlines())}


RESOURCES: Mapping[str, Mapping[str, Row]] = {
    "ec2": _read(_EC2),
    "iam": _read(_IAM),
    "kms": _read(_KMS),
    "route53": _read(_ROUTE53),
    "route53domains": _read(_DOMAINS),
    "route53resolver": _read(_RESOLVER),
    "sts": _read(_STS),
}
"""Row by operation by service. What is missing is asked for as "*", the strictest."""
