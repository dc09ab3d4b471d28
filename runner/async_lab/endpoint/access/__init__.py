"""What handlers' own calls may do: whose call it is, what it needs, and what its role allows."""
