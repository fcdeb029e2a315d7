"""The names of AWS resources that an alias may point at, by the domain that they lie under.

A resource's HostedZoneId is AWS's own and differs by service and region; of those few that are the same
everywhere, the domain is checked too. Limits: that a name lies under an AWS domain does not mean that it is
one of a kind which can be an alias's target; looking it up shows. Not for: looking it up.
Source: Route 53 API reference, "AliasTarget"; AWS general reference, "Service endpoints and quotas".
"""

from seal53.core import Name

CLOUDFRONT = "Z2FDTNDATAQYW2"
GLOBAL_ACCELERATOR = "Z2BJ6XQ5FK7U4H"

TTL_S = 60  # Route 53 developer guide: what aliases to AWS resources are answered with

_OF_ZONE = {
    CLOUDFRONT: Name.parse("cloudfront.net."),
    GLOBAL_ACCELERATOR: Name.parse("awsglobalaccelerator.com."),
}
_DOMAINS = tuple(
    map(
        Name.parse,
        (
            "amazonaws.com.",  # load balancers, S3 websites, API Gateway, VPC endpoints, OpenSearch
            "amazonaws.com.cn.",
            "api.aws.",  # dual-stack endpoints
            "awsapprunner.com.",
            "awsglobalaccelerator.com.",
            "cloudfront.cn.",
            "cloudfront.net.",
            "elasticbeanstalk.com.",
            "on.aws.",  # Lambda function URLs, VPC Lattice
        ),
    )
)


def is_service_name(zone_id: str, name: Name) -> bool:
    """Whether `name` may be a resource's that has this HostedZoneId, which is no hosted zone of ours."""
    own = _OF_ZONE.get(zone_id)
    domains = _DOMAINS if own is None else (own,)
    return any(name != domain and name.is_at_or_below(domain) for domain in domains)
