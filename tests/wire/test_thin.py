"""One record from HTTP to disk and back."""

import httpx


def test_an_uploaded_profile_is_read_back(client: httpx.Client) -> None:
    record = {"type": "profile", "identity": "ana", "profileData": {"Name": "Ana", "score": 3}}
    answer = client.post("/1/upload", json={"d": [record]})
    assert answer.json() == {"status": "success", "processed": 1, "unprocessed": []}
    found = client.get("/1/profile.json", params={"identity": "ana"}).json()
    assert found["record"]["name"] == "Ana"
    assert found["record"]["profileData"] == {"score": 3}
