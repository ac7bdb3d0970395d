"""What template authors are given: mistakes found before a build, pictures of the result, and a set to start from."""
