"""What one tenant declares toward another: inbound, outbound, automatic redemption, sync allowed."""
