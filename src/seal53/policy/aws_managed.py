"""Policies that AWS manages and every account has: those that users of Route 53 attach.

Source: AWS managed policy reference. Limits: these three, in their present versions; services in them that
are not served here stay in the documents.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsManaged:
    """Times are UTC seconds."""

    name: str
    id: str
    version: int
    description: str
    document: str
    created_at: int
    updated_at: int

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::aws:policy/{self.name}"


def _document(*statements: tuple[list[str], str]) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": resource}
                for actions, resource in statements
            ],
        },
        indent=2,
    )


AWS_MANAGED: Mapping[str, AwsManaged] = {
    policy.arn: policy
    for policy in (
        AwsManaged(
            name="AdministratorAccess",
            id="ANPAIWMBCKSKIEE64ZLYK",
            version=1,
            description="Provides full access to AWS services and resources.",
            document=_document((["*"], "*")),
            created_at=1_423_247_940,
            updated_at=1_423_247_940,
        ),
        AwsManaged(
            name="AmazonRoute53FullAccess",
            id="ANPAJWVDLG5RPST6PHQ3A",
            version=4,
            description="Provides full access to all Amazon Route 53 via the AWS Management Console.",
            document=_document(
                (
                    [
                        "route53:*",
                        "route53domains:*",
                        "cloudfront:ListDistributions",
                        "elasticloadbalancing:DescribeLoadBalancers",
                        "elasticbeanstalk:DescribeEnvironments",
                        "s3:ListBucket",
                        "s3:GetBucketLocation",
                        "s3:GetBucketWebsite",
                        "ec2:DescribeVpcs",
                        "ec2:DescribeVpcEndpoints",
                        "ec2:DescribeRegions",
                        "sns:ListTopics",
                        "sns:ListSubscriptionsByTopic",
                        "cloudwatch:DescribeAlarms",
                        "cloudwatch:GetMetricStatistics",
                    ],
                    "*",
                ),
                (["apigateway:GET"], "arn:aws:apigateway:*::/domainnames"),
            ),
            created_at=1_423_248_000,
            updated_at=1_545_247_680,
        ),
        AwsManaged(
            name="AmazonRoute53ReadOnlyAccess",
            id="ANPAITOYK2ZAOQFXV2JNC",
            version=2,
            description="Provides read only access to all Amazon Route 53 via the AWS Management Console.",
            document=_document((["route53:Get*", "route53:List*", "route53:TestDNSAnswer"], "*")),
            created_at=1_423_248_000,
            updated_at=1_479_244_500,
        ),
    )
}
